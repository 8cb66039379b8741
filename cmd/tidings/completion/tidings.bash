# Completes the commands of tidings in bash.
_tidings() {
	local word help
	COMPREPLY=()
	while IFS=$'\t' read -r word help; do
		if [ "$word" = :file ]; then
			compopt -o filenames
			mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}")
		else
			COMPREPLY+=("$word")
		fi
	done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _tidings tidings
