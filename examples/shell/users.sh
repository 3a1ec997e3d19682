#!/usr/bin/env bash
# Creates users with the AWS CLI on a Carillon of its own, meets every exception of CreateUser and advances the clock. The
# program is carillon on the PATH, or what CARILLON_BIN names.
set -euo pipefail
carillon() { "${CARILLON_BIN:-carillon}" "$@"; }

folder=$(mktemp -d)
export CARILLON_DATA=$folder/data AWS_PAGER='' AWS_MAX_ATTEMPTS=1
"${CARILLON_BIN:-carillon}" serve --ephemeral --listen 127.0.0.1:0 --log-level error >/dev/null &
server=$!
trap 'kill $server; wait $server || true; rm -rf "$folder"' EXIT
until carillon health >/dev/null 2>&1; do kill -0 $server; sleep 0.1; done
eval "$(carillon env --shell bash)"

chime() { aws chime --endpoint-url "$AWS_ENDPOINT_URL_CHIME" --output text "$@"; } # a new AWS CLI finds the variable by itself

# meets EXCEPTION ARGUMENT...: CreateUser with the arguments is answered with the exception.
meets() {
	! chime create-user "${@:2}" 2>"$folder/error" || { echo "CreateUser went well, want $1" >&2; exit 1; }
	grep -F "($1)" "$folder/error" || { cat "$folder/error" >&2; exit 1; }
}

account=$(chime create-account --name Demo --query Account.AccountId)
chime create-user --account-id "$account" --email jane@example.com --query User.PersonalPIN
meets BadRequestException --account-id "$account" --email jane
meets ConflictException --account-id "$account" --email jane@example.com
meets NotFoundException --account-id 01234567-89ab-cdef-0123-456789abcdef --email jane@example.com
for exception in UnauthorizedClient Forbidden ThrottledClient ServiceFailure ServiceUnavailable; do
	carillon call PutFault Operation=CreateUser Error=${exception}Exception Count=1 >/dev/null
	meets ${exception}Exception --account-id "$account" --email jane@example.com
done

chime invite-users --account-id "$account" --user-email-list joe@example.com >/dev/null
carillon call AdvanceClock Seconds=$((31 * 24 * 60 * 60)) >/dev/null
chime list-users --account-id "$account" --query 'Users[*].UserInvitationStatus' | grep -w Failed
