// poznámka
function žluť(x) {
	return x; // tab
}
