"""The stages: each module one public function of its name, which reads files, calls the core, writes files."""

STAGES = {
    "draw": "Draw the simulated twin's pictures and sounds.",
    "media": "Index and check a folder of pictures and sounds.",
    "split": "Divide locations into train, val and test.",
    "features": "Turn pictures and sounds into arrays, once.",
    "normaliser": "Mean and deviation of the training split.",
    "pretrain": "Train a network before any scene of the study is seen.",
    "teacher": "What the frozen tagger hears in every clip.",
    "prior": "p(event | scene) from training locations.",
    "relevance": "The relevance vector d_k of each scene.",
    "train": "Train one student: one method, modality and seed.",
    "evaluate": "Test the students of one row.",
    "tables": "One table from the scores of its runs.",
    "cells": "All tables' cells in one file.",
    "figures": "One figure.",
}
"""Every stage's command, in the order of the flow, with its line in `overheard --help`."""
