using Atelier.Storage.Safetensors;

namespace Atelier.Storage.Snapshots;

/// <summary>
/// One flat array of a run's state: a network's parameters, an optimiser's moments, a counter. The sections of a state have
/// one canonical order; slices cut them, the order of the state does not change.
/// </summary>
/// <param name="Name">Its name, such as `G.parameters`.</param>
/// <param name="Dtype">Its element type.</param>
/// <param name="Elements">Number of elements.</param>
public sealed record SnapshotSection(string Name, TensorDtype Dtype, long Elements)
{
    /// <summary>Number of bytes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public long Bytes => checked(Elements * Dtype.ElementBytes());
}
