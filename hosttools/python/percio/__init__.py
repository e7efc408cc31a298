"""percio's Python side: export torch Perceivers, record what they compute, train the bundled models.

    from percio.export import export
    from percio.reference import reference
"""
