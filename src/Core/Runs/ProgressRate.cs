namespace Atelier.Core.Runs;

/// <summary>
/// How fast a run trains, from what was seen of its progress: the iterations of the last minute over the time that they took. Reports
/// come in steps, so that time is measured from step to step; a run that stands still gets slower as it does.
/// </summary>
public sealed class ProgressRate
{
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Steps this close together are one.</summary>
    private static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(200);

    private readonly Queue<Step> _steps = new();
    private Step? _last;

    /// <summary>An iteration was reached.</summary>
    public void Observe(DateTimeOffset now, long iteration)
    {
        if (_last is { } last && (iteration < last.Iteration || now < last.At))
            Stop();
        if (_last is { } former && (iteration == former.Iteration || now - former.At < Resolution))
            return;
        _last = new(now, iteration);
        _steps.Enqueue(_last);
        while (_steps.Count > 2 && now - _steps.Peek().At > Window)
            _steps.Dequeue();
    }

    /// <summary>Training has stopped; what comes later begins anew.</summary>
    public void Stop()
    {
        _steps.Clear();
        _last = null;
    }

    /// <summary>Iterations per second; null before it is known.</summary>
    public double? PerSecond(DateTimeOffset now)
    {
        if (_steps.Count < 2)
            return null;
        var first = _steps.Peek();
        var took = _last!.At - first.At;
        // A step that is overdue counts for as long as it has lasted.
        var silence = now - _last.At;
        var seconds = (silence > 2 * took / (_steps.Count - 1) ? now - first.At : took).TotalSeconds;
        return (_last.Iteration - first.Iteration) / seconds;
    }

    private sealed record Step(DateTimeOffset At, long Iteration);
}
