"""Alarms: conditions found in the store, opened and closed by one evaluator, told to those who look after them."""

from bypuls.api.alarms.engine import Evaluator, EvaluatorSettings

__all__ = ["Evaluator", "EvaluatorSettings"]
