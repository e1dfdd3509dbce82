def features_reads(wildcards):
    return {
        "folder": media_folder(wildcards.part),
        "index": f"{RESULTS}/media/{wildcards.part}index.csv",
    }


def stored_as(unstored):
    """A pattern of the front ends that leave these forms out."""
    names = [
        job_settings.front_end(EXPERIMENT, modality) for modality in ("image", "sound")
    ]
    found = [n for n in names if job_settings.unstored(EXPERIMENT, n) == unstored]
    return "|".join(found) or "(?!)"


rule features:
    input:
        lambda wildcards: records_of(features_reads(wildcards)),
    output:
        **outputs("features"),
    log:
        log_of("features"),
    wildcard_constraints:
        front_end=stored_as(set()),
    threads: workflow.cores
    params:
        flags=lambda wildcards: flags(
            "features",
            wildcards,
            features_reads(wildcards),
            front_end=wildcards.front_end,
            settings=job_settings.features_settings(
                EXPERIMENT, PROTOCOL, wildcards.front_end
            ),
        ),
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


@cache
def normaliser_reads(fold):
    return {
        **dict(zip(["images", "image_ids"], features_of("image"))),
        **dict(zip(["sounds", "sound_ids"], features_of("sound"))),
        **made_for(fold, "split"),
    }


GIVEN_NORMALISER = given(job_settings.given_normaliser(EXPERIMENT, PROTOCOL))


rule normaliser:
    input:
        lambda wildcards: records_of(normaliser_reads(wildcards.fold)),
        **GIVEN_NORMALISER,
    output:
        **outputs("normaliser"),
    log:
        log_of("normaliser"),
    params:
        flags=lambda wildcards: flags(
            "normaliser",
            wildcards,
            normaliser_reads(wildcards.fold) | GIVEN_NORMALISER,
            front_end=job_settings.front_end(EXPERIMENT, "sound"),
        ),
    shell:
        "overheard normaliser {params.flags} --log {log}"
