package ion

// Serialize is what the Ion hash of v is taken of, with sum in place of SHA-256 for the fields of structs.
func Serialize(v Value, sum func(dst, data []byte) []byte) []byte {
	h := hasher{sum: sum}
	h.value(v)
	return h.out
}
