namespace Atelier.Core.Specs;

/// <summary>A spec under construction that remembers who set what.</summary>
internal sealed class SpecLayers(RunSpec start, SpecProvenance provenance)
{
    private readonly Dictionary<SpecKey, SpecProvenance> _provenance = SpecKeys.All.ToDictionary(key => key, _ => provenance);

    public RunSpec Spec { get; private set; } = start;

    public SpecProvenance ProvenanceOf(string key) => _provenance[SpecKeys.Find(key)];

    public void Set(IEnumerable<SpecAssignment> assignments, SpecProvenance by)
    {
        foreach (var assignment in assignments) Set(assignment.Key, assignment.Text, by);
    }

    public void Set(string key, string text, SpecProvenance by) => Set(SpecKeys.Find(key), text, by);

    public ResolvedSpec ToResolved() => new(Spec, _provenance);

    private void Set(SpecKey key, string text, SpecProvenance by)
    {
        Spec = key.With(Spec, text);
        _provenance[key] = by;
    }
}
