#compdef tidings
# Completes the commands of tidings in zsh.
_tidings() {
	local word help
	local -a found
	while IFS=$'\t' read -r word help; do
		if [[ $word == :file ]]; then
			_files
		else
			found+=("${word//:/\\:}:$help")
		fi
	done < <("${words[1]}" complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)
	(( $#found )) && _describe tidings found
}
if [ "${funcstack[1]}" = _tidings ]; then
	_tidings "$@"
else
	compdef _tidings tidings
fi
