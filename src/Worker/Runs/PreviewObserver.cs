using Atelier.Core;
using Atelier.Training.Step;
using Atelier.Worker.Loop;

namespace Atelier.Worker.Runs;

/// <summary>Writes the sample grid at fixed image counts.</summary>
/// <param name="folder">Where the grids go.</param>
/// <param name="notes">Writes them.</param>
/// <param name="grid">What to render.</param>
/// <param name="interval">Images between two grids.</param>
public sealed class PreviewObserver(RunFolder folder, RunNotes notes, PreviewGrid grid, ImageCount interval) : ILoopObserver
{
    private ImageCount? _written;

    /// <inheritdoc/>
    public void AfterIteration(LoopMoment moment)
    {
        ArgumentNullException.ThrowIfNull(moment);
        if (moment.Crossed(interval))
            Write(moment.State);
    }

    /// <summary>Writes the grid of a state, unless it has just been written.</summary>
    public void Write(TrajectoryState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var now = new ImageCount(state.ImageCount);
        if (_written == now)
            return;
        notes.Write(folder.Fakes(now), grid.Render(state));
        _written = now;
    }
}
