"""The domain-specific language: dimensions, operations, formulas, grammars, enumeration."""
