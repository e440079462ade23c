using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Storage.Blobs;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Session;

/// <summary>
/// Puts a run's pictures into a store that is no folder, beside training and one at a time. One that cannot be put is told to the display, and
/// given up: a picture is not worth a run. Called by one thread at a time.
/// </summary>
/// <param name="blobs">The run's store.</param>
/// <param name="display">Told of what could not be put.</param>
internal sealed class PictureUploads(IBlobStore blobs, IRunDisplay display)
{
    private Task _uploading = Task.CompletedTask;

    /// <summary>Begins to put a picture, when the one before is there: training waits for a store that is slower than the pictures come.</summary>
    /// <param name="name">Its name in <see cref="RunFileNames"/>.</param>
    /// <param name="png">Its content.</param>
    public void Put(string name, byte[] png)
    {
        Finish();
        _uploading = Task.Run(() => PutAsync(RunFileNames.StoredPicture(name), png));
    }

    /// <summary>Waits until nothing is being put.</summary>
    public void Finish() => _uploading.GetAwaiter().GetResult();

    private async Task PutAsync(string name, byte[] png)
    {
        try
        {
            await blobs.PutAsync(name, async (stream, cancellation) => await stream.WriteAsync(png, cancellation).ConfigureAwait(false), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or UserErrorException)
        {
            display.Say($"{name} could not be written: {e.Message}");
        }
    }
}
