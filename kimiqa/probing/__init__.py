"""How deep a model really reads: facts planted in the user's own document, and asked for.

`planting` makes and hides the facts, `running` asks for them at several lengths and says at which
of them every depth was found.
"""
