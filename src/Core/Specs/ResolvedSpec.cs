namespace Atelier.Core.Specs;

/// <summary>A whole spec and where each of its values came from.</summary>
/// <param name="Spec">The spec, validated.</param>
/// <param name="Provenance">The origin of every key's value.</param>
public sealed record ResolvedSpec(RunSpec Spec, IReadOnlyDictionary<SpecKey, SpecProvenance> Provenance)
{
    /// <summary>Every key with its value and origin, in the order of the table: what `--dry-run` prints.</summary>
    public IEnumerable<(SpecKey Key, string Value, SpecProvenance Provenance)> Entries =>
        SpecKeys.All.Select(key => (key, key.Format(Spec), Provenance[key]));
}
