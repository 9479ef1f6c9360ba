def measured(): return {}
