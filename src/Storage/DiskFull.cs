namespace Atelier.Storage;

/// <summary>Tells a full disk from other failures of writing.</summary>
public static class DiskFull
{
    // ENOSPC and EDQUOT of Linux, which the class library leaves in HResult.
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;

    /// <summary>Whether an exception is about a full disk or a used-up quota.</summary>
    public static bool Is(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return exception.HResult is NoSpace or QuotaExceeded;
    }
}
