namespace Atelier.Cli;

/// <summary>What the process returns; listed in the README because scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Something failed that is not the user's mistake; the message says what.</summary>
    public const int Failure = 1;

    /// <summary>The user's mistake: an argument, a spec, a dataset, a file.</summary>
    public const int Usage = 2;

    /// <summary>Values outside their tolerance, or failed tests.</summary>
    public const int Mismatch = 3;

    /// <summary>Training stopped because gradients stayed non-finite for a whole tick.</summary>
    public const int NonFinite = 4;

    /// <summary>Stopped by Ctrl-C or SIGTERM after a snapshot; the same command goes on.</summary>
    public const int Interrupted = 130;
}
