package spec

import "github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"

// Marshal writes the spec as YAML, keys in the order of the types, empty ones
// left out.
func (s *ImageSet) Marshal() ([]byte, error) {
	node, err := yamldoc.NodeOf(s, func(string) bool { return false })
	if err != nil {
		return nil, err
	}
	return yamldoc.Write(node)
}
