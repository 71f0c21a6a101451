"""Proposals of zooms: routes that lead somewhere, and what a viewer sees along them."""
