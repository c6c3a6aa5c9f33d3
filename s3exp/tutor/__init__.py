"""The tutor: what the LLM that writes learns before a round, and the record of its adapters."""
