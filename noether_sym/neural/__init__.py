"""The paper's other half: what conservation is worth in prediction, and learned embeddings."""
