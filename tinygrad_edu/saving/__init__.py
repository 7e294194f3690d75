"""Files: weights, settings and progress as data, never as code.

    atomic        a file is the old one or the new one, complete, at every moment
    container     one file of named arrays and words, read with distrust
    description   the words: JSON, and one kind of error for all that can be wrong
    weights       which weights belong to which layer
    progress      what a training remembers beside the weights
    tree          nested dicts and lists of arrays, for callbacks

`models` has what is done with them: `save`, `load_model`, `save_weights`, `load_weights`, `to_json`.
"""

from .container import ModelFormatError, read, write
from .tree import read_tree, write_tree
