namespace Atelier.Worker.Collectives.Links;

/// <summary>Ranks meet all of a generation, or none.</summary>
internal static class AllOrNone
{
    /// <summary>
    /// Waits for all meetings. When one fails, the others are ended and waited for, so that nobody touches what they share
    /// afterwards, and the first failure tells.
    /// </summary>
    /// <param name="meetings">The meetings under way.</param>
    /// <param name="end">Ends them.</param>
    public static async Task WaitAsync(List<Task> meetings, CancellationTokenSource end)
    {
        Task? failed = null;
        await foreach (var meeting in Task.WhenEach(meetings).ConfigureAwait(false))
        {
            if (meeting.IsCompletedSuccessfully)
                continue;
            failed ??= meeting;
            await end.CancelAsync().ConfigureAwait(false);
        }
        if (failed is not null)
            await failed.ConfigureAwait(false);
    }
}
