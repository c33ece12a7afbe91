package session

// Buckets is how many buckets a group keeps.
func Buckets(g *Group) int { return g.count }
