using Atelier.Training.Analysis;

namespace Atelier.Cli.Output;

/// <summary>Progress of projections on standard error: a live line on a terminal, else a line now and then.</summary>
internal sealed class ProjectionDisplay : IProgress<ProjectionProgress>, IDisposable
{
    private const int StepsBetweenLines = 100;

    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private bool _lineIsLive;
    private long _steps;

    public void Report(ProjectionProgress value)
    {
        if (value.Distance is not { } distance)
            return;
        double rate = ++_steps / TimeProvider.System.GetElapsedTime(_start).TotalSeconds;
        var line = string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"projected {value.Done} of {value.Total} images; step {value.Step:#,0} of {value.Steps:#,0}, distance {distance:0.0000}, {rate:0.0} steps/s");
        if (_live)
            Console.Error.Write($"\r{line}\u001b[K");
        else if (value.Step % StepsBetweenLines == 0 || value.Step == value.Steps)
            Console.Error.WriteLine(line);
        _lineIsLive = _live;
    }

    public void Dispose()
    {
        if (_lineIsLive)
            Console.Error.Write("\r\u001b[K");
        _lineIsLive = false;
    }
}
