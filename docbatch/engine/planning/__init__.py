"""What is due: jobs are resolved, documents found and compared with the state, and the plan is made, saved, explained and recorded."""
