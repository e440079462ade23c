namespace Atelier.Cli.Output;

/// <summary>Passes progress on at once, on the thread that reports it.</summary>
internal sealed class DirectProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
