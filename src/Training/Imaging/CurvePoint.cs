namespace Atelier.Training.Imaging;

/// <summary>One measured value of a curve.</summary>
/// <param name="X">Where, in the unit of the x axis (kimg).</param>
/// <param name="Y">The value; one that is not finite leaves a gap.</param>
public readonly record struct CurvePoint(double X, double Y);
