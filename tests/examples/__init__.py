"""The example apps, used as a person would."""
