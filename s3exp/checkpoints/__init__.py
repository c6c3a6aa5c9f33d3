"""What a checkpoint's folder holds, by its files and the headers of its weights. Loads no weights, imports no torch."""
