"""What is on disk: the tables of results, the folders of trainings, where they come from and how far they are."""
