"""General tools: checks, paths, files, progress, words, lists of seeds."""
