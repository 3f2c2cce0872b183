#!/bin/sh
# Runs the quickstart example against a harness of its own: demo.sh apply | swap | destroy.
# State and data live in build/demo (or $DEMO_DIR), so that a second apply finds the first one's ledger.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
dir=${DEMO_DIR:-$root/build/demo}
engine=$("$root/internal/tools/engine.sh")
say() { printf '\n== %s\n' "$*"; }

mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
cp "$root"/examples/quickstart/*.tf "$dir/"
TF_CLI_CONFIG_FILE=$root/build/mirror.tfrc
CHECKPOINT_DISABLE=1
TF_IN_AUTOMATION=1
export TF_CLI_CONFIG_FILE CHECKPOINT_DISABLE TF_IN_AUTOMATION

tf() {
	"$root/build/qldbkms-harness" run --data-dir "$dir/.qldbkms" --seed "$root/examples/quickstart/seed.yaml" -- \
		"$engine" -chdir="$dir" "$@"
}
init() {
	rm -f "$dir/.terraform.lock.hcl"
	"$engine" -chdir="$dir" init -input=false >"$dir/init.log" 2>&1 || { cat "$dir/init.log" >&2; exit 1; }
}

init
case "$1" in
apply)
	say "apply examples/quickstart inside a harness (data in $dir/.qldbkms)"
	tf apply -input=false -auto-approve
	;;
swap)
	# The key's generation is raised by one each time. The file keeps later applies on the new one; it is there before the
	# apply, so that the next one goes on with a change that was cut off.
	now=$(sed -n 's/^key_generation *= *//p' "$dir/generation.auto.tfvars" 2>/dev/null || true)
	next=$((${now:-1} + 1))
	say "plan: move the ledger to key generation $next"
	tf plan -input=false -out="$dir/swap.tfplan" -var "key_generation=$next"
	say "apply the plan; it waits for UPDATING -> ENABLED"
	echo "key_generation = $next" >"$dir/generation.auto.tfvars"
	tf apply -input=false "$dir/swap.tfplan"
	rm -f "$dir/swap.tfplan"
	;;
destroy)
	say "destroy: the ledger first, then the alias, then the keys are scheduled for deletion"
	tf destroy -input=false -auto-approve
	rm -f "$dir/generation.auto.tfvars"
	;;
*)
	echo "usage: demo.sh apply | swap | destroy" >&2
	exit 2
	;;
esac
