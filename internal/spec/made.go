package spec

import "github.com/kubectl-byoos/kubectl-byoos/internal/yamldoc"

// Made validates a spec that is in no file. The configuration of its sources may hold
// schemacheck.Texts, which CheckConfig turns into values. Problems have the path of
// what is wrong, and no place.
func Made(set ImageSet) (*Document, []yamldoc.Problem) {
	root, problems := yamldoc.Of(set)
	if root == nil {
		return nil, problems
	}
	document, problems := check("", root)
	if len(problems) > 0 {
		return nil, problems
	}
	document.root, document.Set.Dir, document.Set.Sources = nil, set.Dir, set.Sources
	return document, nil
}
