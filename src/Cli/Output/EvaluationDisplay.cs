using Atelier.Training.Metrics;

namespace Atelier.Cli.Output;

/// <summary>A live line of how far an evaluation has come, on standard error: standard output is for values. Nothing where that is no terminal.</summary>
internal sealed class EvaluationDisplay : IProgress<EvaluationProgress>, IDisposable
{
    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly Lock _gate = new();
    private bool _lineIsLive;

    public void Report(EvaluationProgress value)
    {
        if (!_live)
            return;
        lock (_gate)
        {
            Console.Error.Write($"\r{value.Metric}: {value.What} {value.Done:#,0} of {value.Total:#,0}\u001b[K");
            _lineIsLive = true;
        }
    }

    /// <summary>Says something beside the values.</summary>
    public void Warn(string line)
    {
        End();
        Console.Error.WriteLine($"atelier: {line}");
    }

    /// <summary>Clears the live line.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_lineIsLive)
                Console.Error.Write("\r\u001b[K");
            _lineIsLive = false;
        }
    }

    public void Dispose() => End();
}
