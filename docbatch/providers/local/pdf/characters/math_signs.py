"""Signs that the engine writes by their names in TeX, as the page has them."""
# ruff: noqa: RUF001 - signs that look like others are the point

import re

_FORMULA = re.compile(r"\$[^$\n]{1,2000}\$")
_NAME = re.compile(r"\\([A-Za-z]+)(?: (?=[A-Za-z]))?")
_SIGNS = {
    "langle": "⟨〈", "rangle": "⟩〉", "ast": "∗", "star": "⋆☆★", "times": "×", "cdot": "·⋅", "circ": "∘°◦",
    "pm": "±", "mp": "∓", "to": "→", "leftarrow": "←", "leftrightarrow": "↔", "Rightarrow": "⇒",
    "Leftarrow": "⇐", "Leftrightarrow": "⇔", "mapsto": "↦", "infty": "∞", "nabla": "∇", "in": "∈",
    "notin": "∉", "ni": "∋", "subset": "⊂", "subseteq": "⊆", "supset": "⊃", "supseteq": "⊇", "approx": "≈",
    "simeq": "≃", "equiv": "≡", "propto": "∝", "ll": "≪", "gg": "≫", "forall": "∀", "exists": "∃",
    "wedge": "∧", "vee": "∨", "emptyset": "∅", "otimes": "⊗", "oplus": "⊕", "lfloor": "⌊", "rfloor": "⌋",
    "lceil": "⌈", "rceil": "⌉", "ldots": "…", "cdots": "⋯", "setminus": "∖", "dagger": "†", "perp": "⊥",
    "prec": "≺", "succ": "≻", "vdash": "⊢", "bullet": "•", "ominus": "⊖", "odot": "⊙", "cup": "∪",
    "cap": "∩", "leq": "≤", "geq": "≥", "le": "≤", "ge": "≥", "neq": "≠", "ne": "≠", "alpha": "α",
    "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μµ", "nu": "ν",
    "xi": "ξ", "pi": "π", "varpi": "ϖ", "rho": "ρ", "varrho": "ϱ", "sigma": "σ", "varsigma": "ς",
    "tau": "τ", "upsilon": "υ", "phi": "ϕφ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ∆", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "ΩΩ", "partial": "∂", "surd": "√", "square": "□",
    "triangle": "△", "aleph": "ℵ", "Re": "ℜ", "Im": "ℑ", "wp": "℘", "asymp": "≍", "diamondsuit": "♢",
}  # fmt: skip
"""Names of single signs. Those that build a formula, such as a root, stay: what they stand around is part of them."""


def as_written(text: str, raw: str) -> str:
    """Return a text whose formulas have the signs of `raw`, the page's own text, in place of names."""

    def sign(match: re.Match[str]) -> str:
        own = _SIGNS.get(match[1], "")
        return next((each for each in own if each in raw), match[0])

    if "\\" not in text or "$" not in text:
        return text
    return _FORMULA.sub(lambda formula: _NAME.sub(sign, formula[0]), text)
