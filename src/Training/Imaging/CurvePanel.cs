namespace Atelier.Training.Imaging;

/// <summary>One diagram of <see cref="LossCurves"/>: curves over the shared x axis, with a y axis of their own.</summary>
/// <param name="Title">Above the diagram.</param>
/// <param name="Curves">The series, in the order of the legend.</param>
/// <param name="LogarithmicY">Whether the y axis is logarithmic; values up to 0 then leave gaps.</param>
public sealed record CurvePanel(string Title, IReadOnlyList<Curve> Curves, bool LogarithmicY = false);
