"""Who may speak to the engine, and what a statement may reach: the door, the rules, and the walls behind them."""
