UNSTORED = LOADED.design.without(LOADED, "features", {})


def stored_as(more):
    """A pattern of the front ends that leave these forms out, besides those that all do."""
    made = [target.values for target in TARGETS.values() if target.stage == "features"]
    found = {
        values["front_end"]
        for values in made
        if LOADED.design.without(LOADED, "features", values) - UNSTORED == more
    }
    return "|".join(sorted(found)) or "(?!)"


rule features:
    input:
        waits("features"),
    output:
        **outputs("features"),
    log:
        log_of("features"),
    wildcard_constraints:
        front_end=stored_as(set()),
    threads: workflow.cores
    params:
        flags=flags("features"),
    shell:
        "overheard features {params.flags} --workers {threads} --log {log}"


use rule features as features_pooled with:
    output:
        **outputs("features", without=["array"]),
    wildcard_constraints:
        front_end=stored_as({"array"}),


use rule features as features_whole with:
    output:
        **outputs("features", without=["pooled"]),
    wildcard_constraints:
        front_end=stored_as({"pooled"}),


rule normaliser:
    input:
        waits("normaliser"),
    output:
        **outputs("normaliser"),
    log:
        log_of("normaliser"),
    params:
        flags=flags("normaliser"),
    shell:
        "overheard normaliser {params.flags} --log {log}"
