#!/usr/bin/env bash
# Count the repository's Go at a commit: hand-written lines of the program, of
# its tests, generated lines, and modules.
#
# usage: hack/lines.sh [REVISION]...
set -euo pipefail

cd "$(git -C "$(dirname "$0")" rev-parse --show-toplevel)"

# count REVISION prints how many lines the files named on stdin have. Git puts a
# line before each file, and an empty one behind it.
count() {
	sed "s|^|$1:|" | git cat-file --batch=:blob: | awk '/^:blob:$/ { n -= 2 } { n++ } END { print n + 0 }'
}

printf '%-12s %10s %10s %10s %8s %8s\n' revision program tests generated direct indirect
for revision in "${@:-HEAD}"; do
	commit=$(git rev-parse --short "$revision^{commit}")
	files=$(git ls-tree -r --name-only "$commit" | grep '\.go$')
	generated='\.(pb|gen)\.go$'
	tests='(_test\.go$|^test/|^examples/|/testdata/)'
	program=$(grep -Ev "$generated|$tests" <<<"$files" | count "$commit")
	test=$(grep -Ev "$generated" <<<"$files" | grep -E "$tests" | count "$commit")
	made=$(grep -E "$generated" <<<"$files" | count "$commit")
	modules=$(git show "$commit:go.mod" | grep -E '^\s+\S+ v[0-9]')
	printf '%-12s %10d %10d %10d %8d %8d\n' "$commit" "$program" "$test" "$made" \
		"$(grep -vc '// indirect' <<<"$modules")" "$(grep -c '// indirect' <<<"$modules")"
done
