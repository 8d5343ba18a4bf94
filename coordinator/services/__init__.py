"""What an engineer may do: snapshot and request in, plan out."""
