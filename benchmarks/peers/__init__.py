"""Whole trainings of small networks, by this framework and by everything one could use instead.

    python benchmarks/versus.py

`workloads` says what is trained, `data` on what, `with_...` how each peer does it; `worker` is the process in which one
peer runs, `turns` lets the processes take turns, `table` shows what came out.
"""
