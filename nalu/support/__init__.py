"""Small tools that know nothing of arithmetic: checks, paths, files, progress, words, lists of seeds."""
