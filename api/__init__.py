"""GridPatrol: report, dispatch, rectify, check, close."""
