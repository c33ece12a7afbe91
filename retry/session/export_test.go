package session

// Buckets returns how many buckets a group keeps.
func Buckets(g *Group) int { return g.count }
