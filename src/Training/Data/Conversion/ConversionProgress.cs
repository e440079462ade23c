namespace Atelier.Training.Data.Conversion;

/// <summary>How far a conversion is.</summary>
/// <param name="Done">Images that are dealt with, in the order of the source.</param>
/// <param name="Total">Images in all.</param>
/// <param name="Elapsed">Wall time.</param>
/// <param name="AlreadyThere">Images that an earlier conversion had made.</param>
public sealed record ConversionProgress(int Done, int Total, TimeSpan Elapsed, int AlreadyThere)
{
    /// <summary>Images a second, those that were there before not counted.</summary>
    public double ImagesPerSecond => Math.Max(0, Done - AlreadyThere) / Math.Max(Elapsed.TotalSeconds, 1e-9);

    /// <summary>Time to the end at this rate; null while there is no rate.</summary>
    public TimeSpan? Remaining => Done > AlreadyThere ? TimeSpan.FromSeconds((Total - Done) / ImagesPerSecond) : null;
}
