"""The dependency graph: order, layers, ready set, cycles. Pure, and kept while edges stay as they are."""
