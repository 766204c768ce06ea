"""The tuning loop: engine, tuner, ask/tell, stopping, experiments and their journal."""
