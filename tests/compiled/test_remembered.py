"""What is remembered stays within its bounds, whoever asks."""

import threading

from tinygrad_edu.compiled.remembered import Remembered


def test_what_is_kept_again_takes_no_other_s_place():
    found = Remembered(2)
    for key, thing in [("a", 1), ("b", 2), ("a", 3)]:
        found.keep(key, thing)
    assert (found.get("a"), found.get("b")) == (3, 2)
    found.keep("c", 4)
    assert (found.get("a"), found.get("b"), found.get("c")) == (None, 2, 4)


def test_threads_may_keep_and_look_at_once():
    found, failures = Remembered(4), []

    def work(name):
        try:
            for number in range(2000):
                assert found.keep((name, number % 9), number) == number
                found.get((1 - name, number % 7))
        except Exception as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=[name]) for name in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = [key for key in [(name, number) for name in range(2) for number in range(9)] if found.get(key) is not None]
    assert not failures and len(kept) == 4
