"""The ground of the house: what every room stands on and no domain noun enters.

`money` counts minor units, `ids` names things, `clock` tells real time, `errors` says what went wrong and how to mend it,
`config` says where we run, `db` opens transactions bound to a tenant and an actor, `migrations` brings a database to this
code's shape, `registry` finds variants by their folder, `log` writes lines without secrets in them, `secrets` seals what
must not be read, and `egress` is the one door to the outside.
"""
