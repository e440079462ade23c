namespace Atelier.Core.Runs;

/// <summary>
/// How fast a run trains, and how long it still takes. The time of iterations is smoothed over minutes; evaluations count as a whole
/// for each that is still to come, so that the estimate does not jump when one happens. What else interrupts training counts per image.
/// </summary>
public sealed class RemainingTime
{
    private const double ShortestMemory = 60;

    /// <summary>Passes of lazy regularisation come at most this many iterations apart; the memory holds several rounds of them.</summary>
    private const int Iterations = 48;

    private double _images;
    private double _seconds;
    private double _longestIteration;
    private double _trained;
    private double _other;
    private double _otherImages;
    private double _evaluated;
    private int _evaluations;
    private bool _isWarm;

    /// <summary>Images per second of training alone; null before it is known.</summary>
    public double? ImagesPerSecond => _seconds > 0 && _images > 0 ? _images / _seconds : null;

    /// <summary>Seconds that iterations took since this began, the first one left out.</summary>
    public double SecondsMeasured => _trained;

    /// <summary>An iteration ended. The first one compiles what the others run, and does not count.</summary>
    /// <param name="images">Images that it showed.</param>
    /// <param name="took">Its time, without what interrupted training.</param>
    public void Trained(long images, TimeSpan took)
    {
        if (!_isWarm)
        {
            _isWarm = true;
            return;
        }
        double seconds = Math.Max(took.TotalSeconds, 1e-9);
        _longestIteration = Math.Max(_longestIteration, seconds);
        double kept = Math.Exp(-seconds / Math.Max(ShortestMemory, Iterations * _longestIteration));
        (_images, _seconds) = ((_images * kept) + images, (_seconds * kept) + seconds);
        _trained += seconds;
        _otherImages += images;
    }

    /// <summary>A snapshot was measured, here or, as the run's files tell, before.</summary>
    public void Evaluated(TimeSpan took) => (_evaluated, _evaluations) = (_evaluated + took.TotalSeconds, _evaluations + 1);

    /// <summary>Something else kept training waiting: a snapshot, a picture.</summary>
    public void Interrupted(TimeSpan took) => _other += took.TotalSeconds;

    /// <summary>The time until the run ends; null before it is known.</summary>
    /// <param name="images">Images still to show.</param>
    /// <param name="evaluations">Snapshots still to be measured.</param>
    public TimeSpan? Of(long images, long evaluations)
    {
        if (ImagesPerSecond is not { } rate)
            return null;
        double other = _otherImages > 0 ? _other / _otherImages : 0;
        double each = _evaluations > 0 ? _evaluated / _evaluations : 0;
        double seconds = (images / rate) + (images * other) + (evaluations * each);
        return TimeSpan.FromSeconds(Math.Min(seconds, TimeSpan.MaxValue.TotalSeconds / 2));
    }

    /// <summary>A long time as people say it: <c>9 days</c>, <c>14 hours</c>.</summary>
    public static string Roughly(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 } => $"{Math.Round(time.TotalDays):0} days",
        { TotalHours: >= 2 } => $"{Math.Round(time.TotalHours):0} hours",
        _ => $"{Math.Max(1, Math.Round(time.TotalMinutes)):0} minutes",
    };
}
