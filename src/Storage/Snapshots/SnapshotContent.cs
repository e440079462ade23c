using Atelier.Core.Runs;
using Atelier.Core.Specs;

namespace Atelier.Storage.Snapshots;

/// <summary>What a snapshot says about the state in it.</summary>
/// <param name="At">Image count of the state.</param>
/// <param name="Iteration">Iterations done.</param>
/// <param name="Branch">The run's branch.</param>
/// <param name="Spec">The run's spec.</param>
/// <param name="Sections">The state's sections, in canonical order.</param>
/// <param name="StateSha256">Hash of the state, by <see cref="StateHasher"/>.</param>
/// <param name="Numerics">The fingerprint under which the state came about.</param>
public sealed record SnapshotContent(
    ImageCount At, long Iteration, uint Branch, RunSpec Spec, IReadOnlyList<SnapshotSection> Sections,
    string StateSha256, NumericsFingerprint Numerics);
