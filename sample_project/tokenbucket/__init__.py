"""Rate limiting with token buckets."""
